"""A Qt widget (QLineEdit, QTextEdit) that writes its text to the file named first, on each change.

Arguments: the file, the title, the binding (PyQt5, PyQt6), the widget.
"""

import importlib
import os
import sys

file, title, binding, kind = sys.argv[1:5]
widgets = importlib.import_module(f"{binding}.QtWidgets")


def save() -> None:
    text = field.text() if kind == "QLineEdit" else field.toPlainText()
    with open(file + ".new", "w", encoding="utf-8") as new:
        new.write(text)
    os.replace(file + ".new", file)  # a reader never sees half a text


application = widgets.QApplication([sys.argv[0]])
window = widgets.QWidget()
window.setWindowTitle(title)
window.resize(600, 200)
field = getattr(widgets, kind)(window)
field.resize(600, 200)
field.textChanged.connect(save)
window.show()
field.setFocus()
save()
sys.exit(application.exec())
