"""What stands between the network and the pages: proxies, access, headers, limits."""
