"""Citations of statutes in Indian judgments: found, resolved to Act and section, masked."""
