"""The page in the browser: a handler reads a form, calls one function of ``jobs``, renders."""
