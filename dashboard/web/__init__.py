"""What stands between the network and the pages: proxies, access, limits, headers, health, files of the site, 404."""
