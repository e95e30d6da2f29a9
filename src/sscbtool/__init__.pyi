from sscbtool.api import inspect as inspect
from sscbtool.api import ledger as ledger
from sscbtool.api import reconcile as reconcile
from sscbtool.api import summary as summary
from sscbtool.api import to_json as to_json
from sscbtool.api import validate as validate

__version__: str
