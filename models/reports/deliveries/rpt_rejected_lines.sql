-- Every line of an accepted delivery that is part of no record. Not published: it holds
-- raw text.
with rejected_lines as (

    select * from {{ ref('stg_player_logs__rejected_lines') }}

),

final as (

    select
        file_name,
        line_number,
        event,
        event_date,
        rejection_reason,
        line_text
    from rejected_lines

)

select * from final
