"""A Qt text edit, a line edit and one for a password, whose texts are lines of the file named first.

Arguments: the file, the title, nothing, the binding (PyQt5, PyQt6).
"""

import importlib
import os
import sys

file, title, _, binding = sys.argv[1:5]
widgets = importlib.import_module(f"{binding}.QtWidgets")


def save() -> None:
    with open(file + ".new", "w", encoding="utf-8") as new:
        new.write("\n".join((view.toPlainText(), entry.text(), password.text())))
    os.replace(file + ".new", file)  # a reader never sees half a text


application = widgets.QApplication([sys.argv[0]])
window = widgets.QWidget()
window.setWindowTitle(title)
window.resize(600, 200)
view, entry, password = widgets.QTextEdit(), widgets.QLineEdit(), widgets.QLineEdit()
view.setTabChangesFocus(True)
password.setEchoMode(widgets.QLineEdit.EchoMode.Password)
column = widgets.QVBoxLayout(window)
for field in (view, entry, password):
    column.addWidget(field)
    field.textChanged.connect(save)
window.show()
view.setFocus()
save()
sys.exit(application.exec())
