"""The page of `guard_server.py`."""

import streamlit as st

st.write("Nothing to see here.")
