"""What the web sees of us outside of Streamlit's pages: health, files of the site, heads of pages, and 404."""
