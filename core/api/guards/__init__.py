"""What stands between the network and every answer: pure ASGI, around Streamlit's pages and websocket too."""
