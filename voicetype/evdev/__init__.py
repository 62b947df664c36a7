"""What the evdev hotkey and the uinput keyboard share: the kernel's input devices, and keyboard layouts.

The two adapters don't know each other; both stand on this. It is what is left where no display server
helps: the last resort on Wayland, and the console.
"""
