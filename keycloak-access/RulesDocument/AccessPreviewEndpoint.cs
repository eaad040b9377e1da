using KeycloakAccess.Explanation;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.RulesDocument;

internal static class AccessPreviewEndpoint
{
    private const int DefaultLimit = 100;
    private const int HighestLimit = 1000;

    public static void AddAccessDocuments(this IServiceCollection services)
    {
        services.AddSingleton<AccessStore>();
        services.AddSingleton<AccessImpact>();
        services.AddSingleton<MappingImpact>();
    }

    public static RouteGroupBuilder MapAccessDocuments(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/access").WithTags("Access");

        group.MapGet("/document", ExportAsync)
            .WithName("ExportAccess")
            .WithSummary("All groups and role mappings as one document, as \"access export\" writes it.")
            .AcceptsQuery()
            .Produces<AccessDocumentRequest>()
            .RequirePermission(AccessPermissions.View);
        group.MapPost("/preview", PreviewAsync)
            .WithName("PreviewAccess")
            .WithSummary("Say which accounts would gain and lose which permissions if this document were applied. Nothing is changed.")
            .AcceptsQuery("limit")
            .Bounds("limit", schema => PageParameters.BoundLimit(schema, DefaultLimit, HighestLimit))
            .ChangesNothing()
            .Accepts<AccessDocumentRequest>("application/json")
            .Produces<AccessPreviewResponse>()
            .ProducesValidationProblem()
            .RequirePermission(AccessPermissions.View);

        return group;
    }

    private static async Task<IResult> ExportAsync(AccessStore store, CancellationToken cancellationToken) =>
        TypedResults.Bytes(AccessDocumentWriter.Write((await store.ReadAsync(cancellationToken)).Document), "application/json");

    private static async Task<IResult> PreviewAsync(
        HttpRequest request,
        AccessStore store,
        AccessImpact impact,
        PermissionCatalogue catalogue,
        int? limit,
        CancellationToken cancellationToken)
    {
        if (limit is < 1 or > HighestLimit)
        {
            return QueryParameters.Mistake(nameof(limit), $"limit must be between 1 and {HighestLimit}.");
        }

        if (!request.HasJsonContentType())
        {
            return TypedResults.StatusCode(StatusCodes.Status415UnsupportedMediaType);
        }

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        if (AccessDocumentReader.Read(body.ToArray(), catalogue, out var mistakes) is not { } document)
        {
            return TypedResults.ValidationProblem(mistakes
                .GroupBy(mistake => mistake.Path.Length == 0 ? "document" : mistake.Path, StringComparer.Ordinal)
                .ToDictionary(
                    place => place.Key,
                    place => place.Select(mistake => $"Line {mistake.Line}, column {mistake.Column}: {mistake.Message}").ToArray(),
                    StringComparer.Ordinal));
        }

        var state = await store.ReadAsync(cancellationToken);
        var report = await impact.ComputeAsync(state.Rules, state.RulesOf(document), limit ?? DefaultLimit, cancellationToken);
        return TypedResults.Ok(ToResponse(report));
    }

    public static AccessPreviewResponse ToResponse(ImpactReport report) => new(
        [.. report.Accounts.Select(account => new AccessPreviewAccountResponse(
            account.AccountId,
            account.Username,
            SubjectTypes.Write(account.Kind),
            [.. account.Gains.Select(permission => permission.ToString())],
            [.. account.Loses.Select(permission => permission.ToString())]))],
        report.IsTruncated,
        new AccessPreviewTotalsResponse(report.Total, report.Affected, report.Gaining, report.Losing, report.RolesUnknown));
}
