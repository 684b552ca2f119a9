"""What an owner does about each code for which an API account pauses, and about what else was found out. Pure.

One table for the command line (English), the owner's card (translated) and `docs/owners.md`, which a test compares.
"""

from bot.i18n.catalog import mark
from storage import findings
from storage.accounts import PAUSED_BY_OWNER

_PAY = mark("The account has bills to pay: pay them in Alibaba Cloud's billing console.")
_BUY = mark("The model is not activated for this account: activate it in the Model Studio console.")
_FREE = mark(
    "The free images are used up: to go on with paid ones, turn the “free tier only” mode of the model off in the"
    " Model Studio console."
)
_WORKSPACE = mark(
    "The key is not authorised for this workspace: grant it in the Model Studio console, or set DASHSCOPE_WORKSPACE to"
    " the key's own workspace."
)

# A code with dots also belongs to the prefix before each dot; the longest entry wins.
PAUSE_CURES = {
    "InvalidApiKey": mark(
        "The key is wrong, was deleted, or is one of another region (keys of Singapore don't work in Beijing): put a"
        " valid one into .env and restart, and check that DASHSCOPE_BASE_URL is in the key's region."
    ),
    "Arrearage": _PAY,
    "PrepaidBillOverdue": _PAY,
    "PostpaidBillOverdue": _PAY,
    "CommodityNotPurchased": _BUY,
    "AccessDenied.Unpurchased": _BUY,
    "AllocationQuota": _FREE,
    "Throttling.AllocationQuota": _FREE,
    "Model.AccessDenied": mark(
        "The key's workspace has no permission for the model: grant it in the Model Studio console, under the"
        " workspace's model permissions."
    ),
    "Workspace.AccessDenied": _WORKSPACE,
    "BailianGateway.Workspace.NotAuthorised": _WORKSPACE,
    "AccessDenied": mark(
        "The key has no permission for this call: check in the Model Studio console what it or its sub-account may do."
        " It must be able to submit tasks, to query them and to list them."
    ),
    "ModelNotFound": mark(
        "The service has no model of this name: check DASHSCOPE_MODEL, and that DASHSCOPE_BASE_URL is in a region that"
        " offers it (Beijing)."
    ),
    "NotFound": mark(
        "There is nothing at this address: DASHSCOPE_BASE_URL must end in /api/v1 (not in /compatible-mode/v1), and"
        " DASHSCOPE_MODEL must be a model that is there."
    ),
    PAUSED_BY_OWNER: mark("You have paused it yourself: resume it when you like."),
}
OTHER_CURE = mark(
    "The service refuses this account: look the code up among its error codes, and mend it in the console."
)

FINDING_CURES = {
    findings.PHOTO_LINKS: mark(
        "The service can't load photos from PUBLIC_URL or from the bucket, so they go inside the requests for now: make"
        " it reachable from the internet, or set PHOTO_LINKS=inline."
    ),
    findings.TASK_STATE: mark(
        "A task was in a state that Repaint doesn't know, and was given up if it stayed so for five minutes: please"
        " report the state to Repaint's authors."
    ),
    findings.UNANSWERED: mark(
        "The service did not answer queries of a running task for some minutes, so its slot stayed taken: nothing to do"
        " if it was short; otherwise check this machine's line and proxy, and the service's status page."
    ),
    findings.SLOW_DISK: mark(
        "Saving to the database takes long, so every photo takes longer too: move DATA_DIR to a faster disk (no memory"
        " card or network share), give this machine or the database server less other work, or find out whether its"
        " disk is failing."
    ),
    findings.TASK_LIST: mark(
        "The key may not read the list of tasks, and the account must stop when an answer gets lost: grant it in the"
        " Model Studio console."
    ),
}

RESUMES = "Then it goes on by itself within an hour; at once after: repaint admin resume"


def cure(code: str) -> str:
    """What the owner does about an account that is paused for this code, in a sentence of the catalogue."""
    family = code
    while family:
        if family in PAUSE_CURES:
            return PAUSE_CURES[family]
        family = family.rpartition(".")[0]
    if code.endswith(".AccessDenied"):
        return PAUSE_CURES["AccessDenied"]
    return PAUSE_CURES["NotFound"] if code.endswith("NotFound") else OTHER_CURE


def advice(code: str) -> str:
    """The same for the command line, with how the account goes on."""
    return f"{cure(code)} {'Resume: repaint admin resume' if code == PAUSED_BY_OWNER else RESUMES}"
