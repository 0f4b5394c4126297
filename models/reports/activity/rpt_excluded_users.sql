-- Who is left out of which snapshot, and why. What somebody wrote about a listed user
-- may say who it is, and does not go with a pseudonym.
with excluded_users as (

    select * from {{ ref('int_excluded_users') }}

),

final as (

    select
        snapshot_date,
        user_id,
        records,
        threshold_records,
        {%- if var('pseudonymous_user_ids') %}
        split_part(reason, ':', 1) as reason
        {%- else %}
        reason
        {%- endif %}
    from excluded_users

)

select * from final
