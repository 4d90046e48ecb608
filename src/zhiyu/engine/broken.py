"""What is said when the log can be written no more.

In: nothing. Out: the error that every door gives until the folder is opened again.
"""

from __future__ import annotations

from zhiyu.base.errors import ZhiyuError


class Broken(ZhiyuError):
    """A write or a sync failed: what is in memory may be ahead of the disk. Open again to go on from what is on the disk."""

    code = "broken"
    status = 503
