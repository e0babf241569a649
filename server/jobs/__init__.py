"""Work that runs outside the web process: a table of jobs, leases, heartbeats, retries, dead letters, schedules.

Others use `server.jobs.service`: `Handlers`, `enqueue`, `ensure_schedule`, `run_worker`.
"""
