using KeycloakAccess.Data;
using KeycloakAccess.Hosting;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Revocations;

internal static class RevocationEndpoints
{
    public static void AddRevocations(this IServiceCollection services)
    {
        services.AddModel(
            "revocations", "Revocations", RevocationPermissions.View, RevocationPermissions.Add, RevocationPermissions.Delete);
        services.AddSingleton<RevocationStore>();
        services.AddSingleton<RevocationCommands>();
        services.AddSingleton(provider => RevocationStore.Rows(provider.GetRequiredService<Database>()));
    }

    public static RouteGroupBuilder MapRevocations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/revocations").WithTags("Revocations");

        group.MapGet("/", ListAsync)
            .WithName("ListRevocations")
            .WithSummary("List what is refused although it has not expired, the newest first, a page at a time.")
            .ListsPages<RevocationResponse>()
            .RequirePermission(RevocationPermissions.View);
        group.MapGet("/{id:guid}", GetAsync)
            .WithName("GetRevocation")
            .WithSummary("Get one revocation.")
            .RequirePermission(RevocationPermissions.View);
        group.MapPost("/", CreateAsync)
            .WithName("CreateRevocation")
            .WithSummary("Refuse an access token, those of a client, or all that were issued until now, from the next request on.")
            .Creates<RevocationResponse>()
            .RequirePermission(RevocationPermissions.Add);
        group.MapDelete("/{id:guid}", DeleteAsync)
            .WithName("DeleteRevocation")
            .WithSummary("Take a revocation back: what it refused is good again until it expires.")
            .AnswersNoContent()
            .RequirePermission(RevocationPermissions.Delete);

        return group;
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] PageParameters query, RevocationStore store, CancellationToken cancellationToken)
    {
        if (query.Read(RevocationStore.Keyset.Parse, out var page) is { } mistake)
        {
            return mistake;
        }

        var (revocations, next) = await store.ListAsync(page.Limit, page.After, cancellationToken);
        return TypedResults.Ok(new Page<RevocationResponse>([.. revocations.Select(ToResponse)], next?.ToString()));
    }

    private static async Task<Results<Ok<RevocationResponse>, NotFound>> GetAsync(
        Guid id, RevocationStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } revocation
            ? TypedResults.Ok(ToResponse(revocation))
            : TypedResults.NotFound();

    private static async Task<IResult> CreateAsync(
        RevocationRequest request,
        RevocationCommands commands,
        ChangeAuthor author,
        HttpResponse response,
        CancellationToken cancellationToken) =>
        (await commands.AddAsync(request, untilNow: false, author.Actor, cancellationToken)).ToResult(
            response, revocation => TypedResults.CreatedAtRoute(ToResponse(revocation), "GetRevocation", new { id = revocation.Id }));

    private static async Task<IResult> DeleteAsync(
        Guid id, RevocationCommands commands, ChangeAuthor author, HttpContext context, CancellationToken cancellationToken) =>
        (await commands.DeleteAsync(id, author.Actor, cancellationToken)).ToResult(context.Response, _ => TypedResults.NoContent());

    public static RevocationResponse ToResponse(Revocation revocation) => new(
        revocation.Id,
        revocation.Kind,
        revocation.Value.Length == 0 ? null : revocation.Value,
        revocation.IssuedUntil,
        revocation.RevokedAt,
        revocation.KeepUntil);
}
