"""eWardrobe's server: ``streamlit run app.py``.  What it shows is in ``ewardrobe/app/script/main.py``."""

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from ewardrobe.app import streamlit_internals
from ewardrobe.app.server.lifespan import lifespan
from ewardrobe.app.server.middleware import Doorkeeper, allowed_hosts
from ewardrobe.core import process

try:
    process.configure()  # before any page imports torch or ultralytics
    hosts = allowed_hosts()
except process.SettingError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
streamlit_internals.mend_streamlit()

app = st.App(
    Path(__file__).resolve().parent / "ewardrobe" / "app" / "script" / "main.py",
    lifespan=lifespan,
    middleware=[Middleware(Doorkeeper, hosts=hosts)],
)
