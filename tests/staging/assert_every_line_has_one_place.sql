-- Every physical line of an accepted delivery is part of exactly one staged record or
-- one rejected line; of two lines that are one record, the record has the first one's
-- number. The numbers 1 ... n are all there once if their count, sum and sum of squares
-- are those of 1 ... n. That is cheap enough to ask of every line of every build, as
-- comparing 100 million keys is not.
with deliveries as (

    select * from {{ ref('stg_player_logs__deliveries') }}

),

places as (

    {%- for model in ['plays', 'downloads', 'searches', 'rejected_lines'] %}
    select
        delivery_id,
        line_number
    from {{ ref('stg_player_logs__' ~ model) }}
    union all
    {%- endfor %}
    select
        delivery_id,
        line_number
    from {{ ref('stg_player_logs__irregular_lines') }}
    where rejection_reason is null and record_text is null

),

numbered as (

    select
        delivery_id,
        count(*) as places,
        sum(line_number) as total,
        sum(cast(line_number as decimal(38, 0)) * line_number) as total_of_squares
    from places
    group by delivery_id

),

expected as (

    select
        delivery_id,
        cast(lines as decimal(38, 0)) as lines
    from deliveries
    where status = 'accepted' and lines > 0

)

select
    expected.delivery_id,
    expected.lines,
    numbered.places
from expected
full join numbered on expected.delivery_id = numbered.delivery_id
where
    expected.lines is distinct from numbered.places
    or numbered.total * 2 <> expected.lines * (expected.lines + 1)
    or numbered.total_of_squares * 6
    <> expected.lines * (expected.lines + 1) * (2 * expected.lines + 1)
