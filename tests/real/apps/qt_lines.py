"""A Qt dialogue that writes the text of one of its fields to the file named first, on each change.

Arguments: the file, the title, the field (QTextEdit, QPlainTextEdit, QLineEdit), the binding (PyQt5, PyQt6).
A press of the dialogue's button writes "sent" before the text.
"""

import importlib
import os
import sys

file, title, kind, binding = sys.argv[1:5]
widgets = importlib.import_module(f"{binding}.QtWidgets")
sent = ""


def save() -> None:
    text = field.text() if kind == "QLineEdit" else field.toPlainText()
    with open(file + ".new", "w", encoding="utf-8") as new:
        new.write(sent + text)
    os.replace(file + ".new", file)  # a reader never sees half a text


def send() -> None:
    global sent
    sent += "sent "
    save()


application = widgets.QApplication([sys.argv[0]])
window = widgets.QDialog()
window.setWindowTitle(title)
window.resize(600, 200)
column = widgets.QVBoxLayout(window)
field, button = getattr(widgets, kind)(), widgets.QPushButton("Send")
column.addWidget(field)
column.addWidget(button)
button.setDefault(True)
button.clicked.connect(send)
field.textChanged.connect(save)
window.show()
field.setFocus()
save()
sys.exit(application.exec())
