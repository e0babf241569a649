"""What all pages share: templates, language, formats of numbers and dates, security headers, assets."""
