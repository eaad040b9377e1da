using System.Globalization;
using System.Text.Json;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Audit;

/// <summary>The audit log, to look at. Nobody adds to it, changes it or deletes from it through the API.</summary>
internal static class AuditEndpoints
{
    private const int LongestFilter = 300;

    private static readonly string[] Instants =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mmzzz",
    ];

    public static void AddAudit(this IServiceCollection services)
    {
        services.AddModel("audit", "Audit log", AuditPermissions.View);
        services.AddOptions<AuditOptions>()
            .BindConfiguration(AuditOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .Validate(options => options.IsValid, "Audit:KeepFor must be from 7 days to 36500 days, as in 365, or 0 to keep the audit log for ever.")
            .ValidateOnStart();
        services.AddSingleton<AuditStore>();
        services.AddHostedService<AuditRetention>();
    }

    public static RouteGroupBuilder MapAudit(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/audit").WithTags("Audit");

        group.MapGet("/", ListAsync)
            .WithName("ListAudit")
            .WithSummary("List changes and refusals, the newest first, a page at a time.")
            .AcceptsQuery("kind", "account", "model", "row", "action", "permission", "from", "to", "requestId", "limit", "after")
            .Produces<Page<AuditResponse>>()
            .ProducesValidationProblem()
            .RequirePermission(AuditPermissions.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetAudit")
            .WithSummary("Get one change or refusal.")
            .RequirePermission(AuditPermissions.View);

        return group;
    }

    private static async Task<IResult> ListAsync(
        AuditStore store,
        string? kind,
        Guid? account,
        string? model,
        string? row,
        string? action,
        string? permission,
        string? from,
        string? to,
        string? requestId,
        int? limit,
        string? after,
        CancellationToken cancellationToken)
    {
        var filter = new AuditFilter
        {
            Kind = kind,
            Account = account,
            Model = model,
            Row = row,
            Action = action,
            Permission = permission,
            RequestId = requestId,
            Limit = limit ?? 50,
        };
        if (Mistake(filter) is { } mistake)
        {
            return mistake;
        }

        if (!TryRead(from, out var first))
        {
            return NoInstant("from");
        }

        if (!TryRead(to, out var end))
        {
            return NoInstant("to");
        }

        if (first >= end)
        {
            return QueryParameters.Mistake("to", "to must be later than from. What is listed is from from on, up to and without to.");
        }

        var place = after is null ? null : AuditStore.Read(after);
        if (after is not null && place is null)
        {
            return QueryParameters.Mistake("after", "after must be the next of a page before. Leave it out to start again.");
        }

        var (rows, next) = await store.ListAsync(filter with { From = first, To = end, After = place }, cancellationToken);
        return TypedResults.Ok(new Page<AuditResponse>([.. rows.Select(ToResponse)], next?.ToString()));
    }

    private static async Task<Results<Ok<AuditResponse>, NotFound>> GetAsync(Guid id, AuditStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } row
            ? TypedResults.Ok(ToResponse(row))
            : TypedResults.NotFound();

    private static IResult? Mistake(AuditFilter filter)
    {
        if (filter.Kind is not (null or AuditRow.ChangeKind or AuditRow.DeniedRequestKind))
        {
            return QueryParameters.Mistake("kind", "kind must be change or refusal.");
        }

        foreach (var (name, value) in new[]
        {
            ("model", filter.Model), ("row", filter.Row), ("action", filter.Action), ("permission", filter.Permission), ("requestId", filter.RequestId),
        })
        {
            if (value is { Length: 0 or > LongestFilter })
            {
                return QueryParameters.Mistake(name, $"{name} must hold between 1 and {LongestFilter} characters. Leave it out to ask for all.");
            }
        }

        // A model that is gone may still be asked for: the log outlives it.
        if (filter.Permission is not null && !Permission.TryParse(filter.Permission, out _))
        {
            return QueryParameters.Mistake("permission", "permission must be of the form model:action, as in book:view.");
        }

        if (filter.Row is not null && filter.Model is null)
        {
            return QueryParameters.Mistake("row", "row is the id of a row of a model: name the model too, as in model=group.");
        }

        return filter.Limit is < 1 or > 100 ? QueryParameters.Mistake("limit", "limit must be between 1 and 100.") : null;
    }

    // An instant, not a time on somebody's wall: without Z or an offset nobody knows which one is meant.
    private static bool TryRead(string? text, out DateTimeOffset? instant)
    {
        instant = null;
        if (text is null)
        {
            return true;
        }

        var read = DateTimeOffset.TryParseExact(text, Instants, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed);
        instant = read ? parsed : null;
        return read;
    }

    private static IResult NoInstant(string field) => QueryParameters.Mistake(
        field,
        $"{field} must be an instant of ISO 8601, as in 2026-11-24T00:00:00Z or 2026-11-24T00:00:00%2B01:00: in an address, + is written %2B.");

    public static AuditResponse ToResponse(AuditRow row) => new(
        row.Id,
        row.At,
        row.Kind,
        row.AccountId,
        row.Account,
        row.Method,
        row.RequestId,
        row.Model,
        row.RowId,
        row.Action,
        Values(row.OldValues),
        Values(row.NewValues),
        row.Reason,
        row.Permission,
        row.Code,
        row.Scope,
        row.MissingPermissions is null ? null : JsonSerializer.Deserialize<string[]>(row.MissingPermissions),
        row.HttpMethod,
        row.Path,
        row.Count,
        row.LastAt);

    private static JsonElement? Values(string? json) => json is null ? null : JsonElement.Parse(json);
}
