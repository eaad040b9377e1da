using KeycloakAccess.Data;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Admin.RealmPages;

/// <summary>The page of the realm: whether it can be reached, its keys, and how the tokens of clients look.</summary>
internal static class RealmPageEndpoints
{
    private const int PageSize = 50;
    private const string Path = "/admin/realm";

    public static void MapRealmPages(this IEndpointRouteBuilder admin) => admin.MapGet("/realm", ShowAsync).RequirePermission(RealmPermissions.View);

    private static async Task<IResult> ShowAsync(
        string? after,
        HttpContext context,
        Caller caller,
        IOptions<KeycloakOptions> options,
        RealmMetadata metadata,
        RealmKeyLog keys,
        ClientTokenLog clients,
        PermissionCatalogue catalogue,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var keycloak = options.Value;
        var now = clock.GetUtcNow();
        var last = metadata.Last;
        var current = (last?.Keys ?? []).Select(key => key.KeyId).ToHashSet(StringComparer.Ordinal);
        var (page, next) = await clients.ListAsync(PageSize, after is null ? null : Cursor.Parse(after, ClientTokenLog.Sort), cancellationToken);
        return Pages.Of<RealmPage, RealmView>(context, caller, new RealmView(
            keycloak.Issuer,
            keycloak.RequiredAudience,
            keycloak.SignIn.Resource,
            metadata.LastFailure is null ? last?.ReachableSince : null,
            last?.ReadAt,
            metadata.LastFailure,
            [.. (await keys.ListAsync(cancellationToken)).Select(key => new RealmKeyView(
                key.KeyId, key.Algorithm, key.FirstSeenAt, key.LastSeenAt, ClientOddities.Span((now - key.FirstSeenAt).TotalSeconds), current.Contains(key.KeyId)))],
            [.. page.Select(client => new RealmClientView(
                client.ClientId,
                client.Code == ClientToken.Accepted,
                client.Audiences.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                client.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                client.Roles,
                ClientOddities.Span(client.LifetimeSeconds),
                client.Algorithm,
                client.SeenAt,
                [.. ClientOddities.Of(client, keycloak.RequiredAudience, catalogue)]))],
            after is null ? null : Path + "#clients",
            next is null ? null : Links.To(Path, ("after", next.ToString())) + "#clients"));
    }
}
