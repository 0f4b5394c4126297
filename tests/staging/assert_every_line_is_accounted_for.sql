-- Nothing is lost silently: what was delivered is accepted, repaired, rejected or, with
-- its whole file, set aside; and every rejected line is listed with its reason.
with deliveries as (

    select * from {{ ref('rpt_deliveries') }}

)

select *
from deliveries
where
    accepted_lines + repaired_lines + rejected_lines + set_aside_lines
    <> coalesce(lines, 0)
    or rejected_empty_line
    + rejected_uid_invalid
    + rejected_too_few_fields
    + rejected_too_many_fields
    + rejected_ambiguous_join
    + rejected_line_too_long
    + rejected_forgotten
    <> rejected_lines
