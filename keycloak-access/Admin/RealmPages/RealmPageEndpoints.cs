using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Admin.RealmPages;

internal static class RealmPageEndpoints
{
    public static void MapRealmPages(this IEndpointRouteBuilder admin) =>
        admin.MapGet("/realm", ShowAsync).RequirePermission(RealmPermissions.View);

    private static async Task<IResult> ShowAsync(string? after, PageContext page, RealmPageReader reader) =>
        page.Render<RealmPage, RealmView>(await reader.ReadAsync(after, page.Cancellation));
}

internal sealed class RealmPageReader(
    IOptions<KeycloakOptions> options,
    RealmMetadata metadata,
    RealmKeyLog keys,
    ClientTokenLog clients,
    PermissionCatalogue catalogue,
    TimeProvider clock)
{
    private const int PageSize = 50;

    public async Task<RealmView> ReadAsync(string? after, CancellationToken cancellationToken)
    {
        var keycloak = options.Value;
        var now = clock.GetUtcNow();
        var last = metadata.Last;
        var current = (last?.Keys ?? []).Select(key => key.KeyId).ToHashSet(StringComparer.Ordinal);
        var (page, next) = await clients.ListAsync(PageSize, ClientTokenLog.Keyset.Parse(after), cancellationToken);
        return new RealmView
        {
            Issuer = keycloak.Issuer,
            Audience = keycloak.RequiredAudience,
            SignInClient = keycloak.SignIn.Resource,
            ReachableSince = metadata.LastFailure is null ? last?.ReachableSince : null,
            LastRead = last?.ReadAt,
            LastFailure = metadata.LastFailure,
            Keys = [.. (await keys.ListAsync(cancellationToken)).Select(key => new RealmKeyView(
                key.KeyId,
                key.Algorithm,
                key.FirstSeenAt,
                key.LastSeenAt,
                ClientTokenWarnings.FormatDuration((now - key.FirstSeenAt).TotalSeconds),
                current.Contains(key.KeyId)))],
            UnusedKeys = [.. metadata.UnusedKeys.Select(key => key.ToString())],
            Clients = [.. page.Select(client => new RealmClientView
            {
                ClientId = client.ClientId,
                IsAccepted = client.Code == ClientToken.Accepted,
                Audiences = client.Audiences.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                Scopes = client.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                Roles = client.Roles,
                Lifetime = ClientTokenWarnings.FormatDuration(client.LifetimeSeconds),
                Algorithm = client.Algorithm,
                SeenAt = client.SeenAt,
                Warnings = [.. ClientTokenWarnings.Find(client, keycloak.RequiredAudience, catalogue)],
            })],
            Paging = Paging.Create(after is null, next?.ToString(), to => Links.WithQuery("/admin/realm", ("after", to)) + "#clients"),
        };
    }
}
