"""Wayland, as the ways to type on it need it: what the compositor offers, the focus, keys, text fields.

All but `globals` uses pywayland, which ends the interpreter that it is used in with a crash: these
modules are for a process of their own (`keyboard.process`).
"""
