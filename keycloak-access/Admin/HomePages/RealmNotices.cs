using KeycloakAccess.Authentication;

namespace KeycloakAccess.Admin.HomePages;

internal sealed class RealmNotices(RealmMetadata metadata, RealmKeyLog keys)
{
    public async Task<IEnumerable<HomeNotice>> CheckAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (metadata.LastFailure is { } failure)
        {
            return [new HomeNotice("bad", "Keycloak cannot be reached", failure, "/admin/realm", "See the link to the realm")];
        }

        var known = await keys.ListAsync(cancellationToken);
        // The first keys that this service ever read are no rotation.
        var rotated = known.Where(key => now - key.FirstSeenAt < TimeSpan.FromDays(1)).ToArray();
        return rotated.Length == 0 || rotated.Length == known.Count
            ? []
            : [new HomeNotice(
                "warn",
                "Keycloak has new keys",
                $"{HomeNotices.Count(rotated.Length, "key")} appeared in the last day. If nobody rotated them, ask why.",
                "/admin/realm",
                "See the keys")];
    }
}
