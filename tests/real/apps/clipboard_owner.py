"""A Qt program that copies a drawing, a text and a table of its own; the file of argument 1 says when.

Argument 2 is the size of the table in bytes.
"""

import os
import sys

from PyQt5.QtCore import QMimeData
from PyQt5.QtGui import QColor, QImage
from PyQt5.QtWidgets import QApplication

app = QApplication(sys.argv[:1])
data = QMimeData()
data.setText("text: é 😀")
data.setHtml("<b>bold</b>")
data.setData("application/x-table", bytes(number % 251 for number in range(int(sys.argv[2]))))
image = QImage(40, 30, QImage.Format_RGB32)
image.fill(QColor(10, 20, 30))
data.setImageData(image)
app.clipboard().setMimeData(data)
app.processEvents()
with open(sys.argv[1] + ".new", "w", encoding="utf-8"):
    pass
os.replace(sys.argv[1] + ".new", sys.argv[1])
app.exec_()
