-- An estimator that was changed after it was fitted is not used. Whoever loads one
-- checks as well; here it is said without a traceback, and before anything is scored.
select
    snapshot_date,
    model_name,
    fold
from {{ ref('churn_fits') }}
where {{ content_hash('artifact') }} <> artifact_sha256
