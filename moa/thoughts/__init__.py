"""Takes thoughts, end tokens and copied boundary lines out of the text of an answer."""
