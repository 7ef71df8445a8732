"""The pages: the only room with Streamlit, a folder a page."""
