-- Lines that are no records, usual parts of the last day that did not come, or records
-- that are a fraction of what they were: a build of such logs would call users silent
-- who are not.
select *
from {{ ref('rpt_drift') }}
where severity = 'error' and is_beyond
