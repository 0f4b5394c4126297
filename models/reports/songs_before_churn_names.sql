-- What the tested songs are called in the feature window: name and singer as they stand
-- together most often.
with sums as (

    select * from {{ ref('songs_before_churn_sums') }}

),

snapshots as (

    select * from {{ ref('int_snapshots') }}

),

plays as (

    select * from {{ ref('stg_player_logs__plays') }}

),

named as (

    select
        sums.snapshot_date,
        sums.song_id,
        plays.song_name,
        plays.singer,
        count(*) as plays
    from sums
    inner join snapshots on sums.snapshot_date = snapshots.snapshot_date
    inner join plays
        on
            sums.song_id = plays.song_id
            and plays.event_date
            between snapshots.feature_start_date and snapshots.snapshot_date
    group by sums.snapshot_date, sums.song_id, plays.song_name, plays.singer

),

ranked as (

    select
        *,
        row_number() over (
            partition by snapshot_date, song_id
            order by
                plays desc,
                song_name asc nulls last,
                singer asc nulls last
        ) as name_rank
    from named

),

final as (

    select
        snapshot_date,
        song_id,
        song_name,
        singer
    from ranked
    where name_rank = 1

)

select * from final
