"""Classes of objects that the server itself checks: one file per class, and their stored form.

Pure models and functions; knows no store.
"""
