-- Usual parts of the last day that have not come, or records that are a fraction of
-- what they were: a build of such a day would call half of the users silent.
select *
from {{ ref('rpt_drift') }}
where severity = 'error' and is_beyond
