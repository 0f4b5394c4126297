-- Both fields at every stage of cleaning: count, mean, standard deviation, extremes,
-- and how many values the stage has filled in.
with cleaning_values as (

    select * from {{ ref('int_cleaning_values') }}

),

cleaning_stages as (

    select * from {{ ref('cleaning_stages') }}

),

cleaning_limits as (

    select * from {{ ref('int_cleaning_limits') }}

),

filled as (

    select
        cleaning_values.snapshot_date,
        cleaning_values.field,
        cleaning_values.plays,
        cleaning_stages.stage_number,
        cleaning_stages.stage,
        cleaning_values.seconds as delivered_seconds,
        case
            when
                cleaning_values.last_stage_number < filling_stages.stage_number
                or cleaning_stages.stage_number < filling_stages.stage_number
                then cleaning_values.seconds
            when
                cleaning_values.field = 'song_length'
                and not cleaning_values.seconds > 0
                then cleaning_limits.song_seconds_mean
            when
                cleaning_values.field = 'play_time'
                and not {{ is_valid_play_time('cleaning_values.seconds') }}
                then cleaning_limits.play_seconds_mean
            else cleaning_values.seconds
        end as seconds
    from cleaning_values
    inner join cleaning_stages
        on cleaning_values.last_stage_number >= cleaning_stages.stage_number
    inner join cleaning_stages as filling_stages
        on cleaning_values.field || '_filled' = filling_stages.stage
    left join cleaning_limits
        on cleaning_values.snapshot_date = cleaning_limits.snapshot_date

),

totals as (

    select
        snapshot_date,
        stage_number,
        field,
        sum(plays) as records,
        sum(plays) filter (where seconds is not null) as known_records,
        coalesce(
            sum(plays) filter (where seconds is distinct from delivered_seconds), 0
        ) as filled_records,
        {{ ordered_sum('plays * seconds', 'seconds, plays') }}
        / sum(plays) filter (where seconds is not null) as mean_seconds,
        min(seconds) as min_seconds,
        max(seconds) as max_seconds
    from filled
    group by snapshot_date, stage_number, field

),

squared_deviations as (

    select
        filled.snapshot_date,
        filled.stage_number,
        filled.field,
        {{ ordered_sum(
            'filled.plays * power(filled.seconds - totals.mean_seconds, 2)',
            'filled.seconds, filled.plays'
        ) }} as squared_deviation
    from filled
    inner join totals
        on
            filled.snapshot_date = totals.snapshot_date
            and filled.stage_number = totals.stage_number
            and filled.field = totals.field
    group by filled.snapshot_date, filled.stage_number, filled.field

),

final as (

    select
        totals.snapshot_date,
        totals.stage_number,
        totals.field,
        totals.records,
        totals.filled_records,
        totals.mean_seconds,
        totals.min_seconds,
        totals.max_seconds,
        sqrt(squared_deviations.squared_deviation / nullif(totals.known_records - 1, 0))
            as stddev_seconds
    from totals
    inner join squared_deviations
        on
            totals.snapshot_date = squared_deviations.snapshot_date
            and totals.stage_number = squared_deviations.stage_number
            and totals.field = squared_deviations.field

)

select * from final
