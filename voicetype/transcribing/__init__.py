"""Recordings -> texts and subtitles: `voicetype transcribe`."""
