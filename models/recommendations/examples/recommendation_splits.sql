-- The data sets that recommenders are fitted on: one to recommend from, two to judge
-- them by, whose test part is known.
with snapshots as (

    select * from {{ ref('int_snapshots') }}

),

final as (

    select
        'serve' as split,
        snapshot_date
    from snapshots
    where role = 'scoring'
    {%- for split in ['temporal', 'random'] %}

    union all

    select
        '{{ split }}' as split,
        snapshot_date
    from snapshots
    where role = 'training'
    {%- endfor %}

)

select * from final
