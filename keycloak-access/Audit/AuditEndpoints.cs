using System.Globalization;
using System.Text.Json;
using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;

namespace KeycloakAccess.Audit;

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
        services.AddSettings<AuditOptions>(AuditOptions.Section)
            .Validate(
                options => options.IsValid,
                "Audit:KeepFor must be from 7 days to 36500 days, as in 365, or 0 to keep the audit log for ever.");
        services.AddSingleton<AuditStore>();
        services.AddSingleton<AuditReader>();
        services.AddHostedService<AuditRetention>();
    }

    public static RouteGroupBuilder MapAudit(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/audit").WithTags("Audit");

        group.MapGet("/", ListAsync)
            .WithName("ListAudit")
            .WithSummary("List changes and refusals, the newest first, a page at a time.")
            .ListsPages<AuditResponse>("kind", "account", "model", "row", "action", "permission", "from", "to", "requestId")
            .OneOf("kind", AuditRow.ChangeKind, AuditRow.DeniedRequestKind)
            .Bounds("model", Shorten).Bounds("row", Shorten).Bounds("action", Shorten).Bounds("permission", Shorten)
            .Bounds("requestId", Shorten).Bounds("from", MakeInstant).Bounds("to", MakeInstant)
            .RequirePermission(AuditPermissions.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetAudit")
            .WithSummary("Get one change or refusal.")
            .RequirePermission(AuditPermissions.View);

        return group;
    }

    private static void Shorten(OpenApiSchema schema) => (schema.MinLength, schema.MaxLength) = (1, LongestFilter);

    private static void MakeInstant(OpenApiSchema schema) => schema.Format = "date-time";

    private static async Task<IResult> ListAsync(
        [AsParameters] AuditQuery query, AuditReader reader, Caller caller, CancellationToken cancellationToken)
    {
        var filter = new AuditFilter
        {
            Kind = query.Kind,
            Account = query.Account,
            Model = query.Model,
            Row = query.Row,
            Action = query.Action,
            Permission = query.Permission,
            RequestId = query.RequestId,
        };
        if (Mistake(filter) is { } mistake)
        {
            return mistake;
        }

        if (!TryReadInstant(query.From, out var first))
        {
            return RefuseInstant("from");
        }

        if (!TryReadInstant(query.To, out var end))
        {
            return RefuseInstant("to");
        }

        if (first >= end)
        {
            return QueryParameters.Mistake("to", "to must be later than from. What is listed is from from on, up to and without to.");
        }

        if (query.Read(AuditReader.ParseCursor, out var page) is { } wrongPage)
        {
            return wrongPage;
        }

        filter = filter with { From = first, To = end, Limit = page.Limit, After = page.After };
        var (rows, next) = await reader.ListAsync(caller, filter, cancellationToken);
        return TypedResults.Ok(new Page<AuditResponse>([.. rows.Select(ToResponse)], next?.ToString()));
    }

    private static async Task<Results<Ok<AuditResponse>, NotFound>> GetAsync(
        Guid id, AuditReader reader, Caller caller, CancellationToken cancellationToken) =>
        await reader.FindAsync(caller, id, cancellationToken) is { } row
            ? TypedResults.Ok(ToResponse(row))
            : TypedResults.NotFound();

    private static IResult? Mistake(AuditFilter filter)
    {
        if (filter.Kind is not (null or AuditRow.ChangeKind or AuditRow.DeniedRequestKind))
        {
            return QueryParameters.Mistake("kind", $"kind must be {AuditRow.ChangeKind} or {AuditRow.DeniedRequestKind}.");
        }

        foreach (var (name, value) in new[]
        {
            ("model", filter.Model),
            ("row", filter.Row),
            ("action", filter.Action),
            ("permission", filter.Permission),
            ("requestId", filter.RequestId),
        })
        {
            if (value is { Length: 0 or > LongestFilter })
            {
                return QueryParameters.Mistake(
                    name, $"{name} must hold between 1 and {LongestFilter} characters. Leave it out to ask for all.");
            }
        }

        // A model that is gone may still be asked for: the log outlives it.
        if (filter.Permission is not null && !Permission.TryParse(filter.Permission, out _))
        {
            return QueryParameters.Mistake("permission", "permission must be of the form model:action, as in book:view.");
        }

        return filter.Row is not null && filter.Model is null
            ? QueryParameters.Mistake("row", "row is the id of a row of a model: name the model too, as in model=group.")
            : null;
    }

    // Without Z or an offset, the text names no instant.
    private static bool TryReadInstant(string? text, out DateTimeOffset? instant)
    {
        instant = null;
        if (text is null)
        {
            return true;
        }

        var read = DateTimeOffset.TryParseExact(
            text, Instants, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed);
        instant = read ? parsed : null;
        return read;
    }

    private static IResult RefuseInstant(string field) => QueryParameters.Mistake(
        field,
        $"{field} must be an instant of ISO 8601, as in 2026-11-24T00:00:00Z or 2026-11-24T00:00:00%2B01:00: " +
        "in an address, + is written %2B.");

    public static AuditResponse ToResponse(AuditRow row) => new()
    {
        Id = row.Id,
        At = row.At,
        Kind = row.Kind,
        AccountId = row.AccountId,
        Account = row.Account,
        Method = row.Method,
        RequestId = row.RequestId,
        Model = row.Model,
        RowId = row.RowId,
        Action = row.Action,
        OldValues = ReadValues(row.OldValues),
        NewValues = ReadValues(row.NewValues),
        Reason = row.Reason,
        Permission = row.Permission,
        Code = row.Code,
        MissingScope = row.Scope,
        MissingPermissions = row.MissingPermissions is null ? null : JsonSerializer.Deserialize<string[]>(row.MissingPermissions),
        HttpMethod = row.HttpMethod,
        Path = row.Path,
        Count = row.Count,
        LastAt = row.LastAt,
    };

    private static JsonElement? ReadValues(string? json) => json is null ? null : JsonElement.Parse(json);

    private sealed record AuditQuery : PageParameters
    {
        [FromQuery(Name = "kind")]
        public string? Kind { get; init; }

        [FromQuery(Name = "account")]
        public Guid? Account { get; init; }

        [FromQuery(Name = "model")]
        public string? Model { get; init; }

        [FromQuery(Name = "row")]
        public string? Row { get; init; }

        [FromQuery(Name = "action")]
        public string? Action { get; init; }

        [FromQuery(Name = "permission")]
        public string? Permission { get; init; }

        [FromQuery(Name = "from")]
        public string? From { get; init; }

        [FromQuery(Name = "to")]
        public string? To { get; init; }

        [FromQuery(Name = "requestId")]
        public string? RequestId { get; init; }
    }
}
