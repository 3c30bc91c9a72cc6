#!/bin/sh
# The first program of each server of the demo: puts the notebook "Start here" into a home that lacks it, and becomes
# the Jupyter server with the interface that was chosen on the form.
notebook='Start here.ipynb'
[ -e "$HOME/$notebook" ] || cp "$(dirname "$0")/$notebook" "$HOME/$notebook"
if [ "$PORTWRAP_DEMO_INTERFACE" = Notebook ]; then
  export JUPYTERHUB_DEFAULT_URL=/tree
fi
exec jupyterhub-singleuser "$@"
