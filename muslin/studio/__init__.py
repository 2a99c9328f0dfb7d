"""Studio: one local web app with a fit room and a session room. The only room that knows starlette.

`studio` serves it on the loopback. Long work runs in processes of its own (`fit_worker`,
`recorder`, `intake_worker`), so that the page stays responsive and nothing waits for a browser.
"""

from muslin.studio.serve import studio

__all__ = ["studio"]
