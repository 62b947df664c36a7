"""The pure core: values in, values out; no thread, no clock, no input or output."""
