"""Removes thoughts, end tokens and copied boundary lines from answers."""
