"""Many accounts: each job an ordinary command in a process of its own, on workers of dask.distributed.

``plan`` reads the file of jobs, ``supervision`` decides what runs next and what is started again,
``engine`` speaks to the scheduler, ``task`` is what a worker does, in a ``folder`` on its disk, and
``outcome`` is what comes of it all.
"""
