"""The statements of the task table, the same for SQLite and PostgreSQL."""

from sqlalchemy import text

from stylizer.tasks import TASK_COLUMNS

COUNT_UNFINISHED = text("""
    select (select count(*) from task where status = 'PENDING') + (select count(*) from task where status = 'RUNNING')
""")  # two queries, because each uses its own index

COUNT_SPENT = text("""
    select coalesce((select images from account where account = :account), 0)
         + (select count(*) from task where account = :account and status = 'PENDING')
         + (select count(*) from task where account = :account and status = 'RUNNING')
""")

LIST_FAULT = text("""
    select fault from task
    where account = :account and fault like 'list:%' and status in ('PENDING', 'RUNNING') and submitted > :since
    order by seq limit 1
""")

COUNT_RECENT = text("select count(*) from task where account = :account and submitted > :before")

INSERT = text("""
    insert into task (task_id, seq, account, request_id, status, style_index, photo, reference,
                      strength, brush, seed, submitted, fault)
    values (:task_id, (select coalesce(max(seq), 0) + 1 from task), :account, :request_id, 'PENDING', :style_index,
            :photo, :reference, :strength, :brush, :seed, :submitted, :fault)
""")

FIND = text(f"select {TASK_COLUMNS} from task where task_id = :task_id and account = :account and submitted > :since")  # noqa: S608  # our own column names

# The oldest pending task whose account has a free slot.
CLAIM = text(f"""
    update task set status = 'RUNNING', started = :now, lease = :lease, runs = runs + 1, attempt = attempt + 1
    where task_id = (
        select waiting.task_id from task as waiting
        where waiting.status = 'PENDING' and waiting.submitted > :since
          and (select value from rule where name = 'max_running') > (
            select count(*) from task as running
            where running.account = waiting.account and running.status = 'RUNNING')
        order by waiting.seq limit 1)
    returning {TASK_COLUMNS}
""")  # noqa: S608  # our own column names

CANCEL = text("""
    update task set status = 'CANCELED', ended = :now
    where task_id = :task_id and account = :account and status = 'PENDING' and submitted > :since
    returning photo, reference
""")

SUCCEED = text("""
    update task set status = 'SUCCEEDED', ended = :now, result = :result, photo = null, reference = null
    where task_id = :task_id and status = 'RUNNING' and attempt = :attempt
""")

COUNT_IMAGE = text("""
    insert into account (account, images) values (:account, 1)
    on conflict (account) do update set images = account.images + 1
""")

FAIL = text("""
    update task set status = 'FAILED', ended = :now, code = :code, message = :message, photo = null, reference = null
    where task_id = :task_id and status = 'RUNNING' and attempt = :attempt
""")

RELEASE = text("""
    update task set status = 'PENDING', started = null, runs = runs - 1
    where task_id = :task_id and status = 'RUNNING' and attempt = :attempt
""")

RENEW = text("""
    update task set lease = :lease
    where task_id = :task_id and status = 'RUNNING' and attempt = :attempt
""")

REQUEUE_RUNNING = text("update task set status = 'PENDING', started = null where status = 'RUNNING'")
REQUEUE_LAPSED = text("update task set status = 'PENDING', started = null where status = 'RUNNING' and lease <= :now")

SET_RULE = text("""
    insert into rule (name, value) values (:name, :value) on conflict (name) do update set value = :value
""")
CLAIM_SWEEP = text("""
    insert into rule (name, value) values ('swept', :now)
    on conflict (name) do update set value = :now where rule.value <= :before or rule.value > :now
""")

SELECT_EXPIRED = text(
    "select task_id, photo, reference, result from task where submitted <= :since and status <> 'RUNNING'"
)
DELETE_EXPIRED = text("delete from task where submitted <= :since and status <> 'RUNNING'")
