"""The tables. Rows are kept for a day or two, except what an account has used, the service's secrets and the rules.

Times are milliseconds since the epoch. `task.seq` is the order of arrival. `photo` and `reference` say where the bytes
are (`stylizer.input_images`); both are cleared when the task ends. `runs` counts starts, so that a task that crashes
the service is eventually failed. `attempt` is the number of the start: only the latest attempt can end the task.
`lease`, with a shared table: until then the worker that started the task is considered alive. `fault`: an error that
its caller has asked for (`stylizer.testing_faults`).

`rule` holds numbers that apply to all services and workers: `max_running`, and when the last sweep was (`swept`).
"""

SCHEMA = (
    """
    create table if not exists task (
        task_id      text primary key,
        seq          bigint not null unique,
        account      text not null,
        request_id   text not null,
        status       text not null,
        style_index  integer not null,
        photo        text,
        reference    text,
        strength     double precision,
        brush        double precision,
        seed         bigint,
        submitted    bigint not null,
        started      bigint,
        ended        bigint,
        runs         integer not null default 0,
        result       text,
        code         text,
        message      text,
        attempt      bigint not null default 0,
        lease        bigint,
        fault        text
    )
    """,
    "create index if not exists task_waiting on task (seq) where status = 'PENDING'",
    "create index if not exists task_running on task (account) where status = 'RUNNING'",
    "create index if not exists task_recent on task (submitted)",
    """
    create table if not exists account (
        account  text primary key,
        images   bigint not null
    )
    """,
    """
    create table if not exists upload (
        object_key  text primary key,
        account     text not null,
        file        text not null,
        bytes       bigint not null,
        created     bigint not null
    )
    """,
    """
    create table if not exists secret (
        name   text primary key,
        value  text not null
    )
    """,
    """
    create table if not exists rule (
        name   text primary key,
        value  bigint not null
    )
    """,
)

ADDED_COLUMNS = {
    "task": {"attempt": "bigint not null default 0", "lease": "bigint", "fault": "text"}
}  # columns that older tables lack
