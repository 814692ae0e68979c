"""The Streamlit code under core."""
