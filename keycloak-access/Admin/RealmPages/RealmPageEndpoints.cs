using System.Globalization;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Admin.RealmPages;

internal static class RealmPageEndpoints
{
    public static void MapRealmPages(this IEndpointRouteBuilder admin)
    {
        admin.MapGet("/realm", ShowAsync).RequirePermission(RealmPermissions.View);
        admin.MapGet("/realm/clients/export.csv", Export).RequirePermission(RealmPermissions.View);
    }

    private static async Task<IResult> ShowAsync(string? after, PageContext page, RealmPageReader reader) =>
        page.Render<RealmPage, RealmView>(await reader.ReadAsync(after, page));

    private static Task<IResult> Export(PageContext page, ClientTokenLog clients, RealmPageReader reader) =>
        ExportFile.WriteAsync(page, ExportFormat.Csv, new ExportedList<RealmClientView>(
            "clients",
            ["client", "accepted", "seenAt", "audiences", "scopes", "roles", "lives", "algorithm", "notes"],
            client =>
            [
                ExportFile.Cell(client.ClientId),
                client.IsAccepted ? "yes" : "no",
                ExportFile.Instant(client.SeenAt),
                ExportFile.Cell(string.Join(' ', client.Audiences)),
                ExportFile.Cell(string.Join(' ', client.Scopes)),
                client.Roles.ToString(CultureInfo.InvariantCulture),
                ExportFile.Cell(client.Lifetime),
                ExportFile.Cell(client.Algorithm),
                ExportFile.Cell(string.Join(' ', client.Warnings)),
            ],
            client => client,
            ExportFile.ReadAsync("", async after =>
            {
                var (rows, next) = await clients.ListAsync(
                    ExportFile.RowsAtATime, ClientTokenLog.Keyset.Parse(after), page.Cancellation);
                IReadOnlyList<RealmClientView> views = [.. rows.Select(reader.View)];
                return (views, next?.ToString());
            })));
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
    private const int SharedBy = 3;

    public async Task<RealmView> ReadAsync(string? after, PageContext context)
    {
        var cancellationToken = context.Cancellation;
        var keycloak = options.Value;
        var now = clock.GetUtcNow();
        var last = metadata.Last;
        var current = (last?.Keys ?? []).Select(key => key.KeyId).ToHashSet(StringComparer.Ordinal);
        var (page, next) = await clients.ListAsync(PageSize, ClientTokenLog.Keyset.Parse(after), cancellationToken);
        RealmClientView[] shown = [.. page.Select(View)];
        // What is said of more than a few clients is said once, with their names.
        var notes = shown
            .SelectMany(client => client.Warnings.Select(warning => (Text: TextFor(client, warning), client.ClientId)))
            .GroupBy(note => note.Text, note => note.ClientId, StringComparer.Ordinal)
            .Where(note => note.Count() >= SharedBy)
            .ToDictionary(note => note.Key, note => (IReadOnlyList<string>)[.. note], StringComparer.Ordinal);
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
            Clients = [.. shown.Select(client => client with
            {
                Warnings = [.. client.Warnings.Where(warning => !notes.ContainsKey(TextFor(client, warning)))],
            })],
            Notes = [.. notes.Select(note => new RealmNote(note.Key, note.Value))],
            Paging = context.Paging(next?.ToString(), to => Links.WithQuery("/admin/realm", ("after", to)) + "#clients") with
            {
                Total = ListTotal.Create(await clients.CountAsync(Paging.MostCounted + 1, cancellationToken), "client", "clients"),
                Exports = page.Count == 0 ? [] : [ListExport.Csv("/admin/realm/clients/export.csv", "clients")],
            },
        };
    }

    private static string TextFor(RealmClientView client, string warning) =>
        warning.Replace($" {client.ClientId}", " the client", StringComparison.Ordinal);

    public RealmClientView View(ClientToken client) => new()
    {
        ClientId = client.ClientId,
        IsAccepted = client.Code == ClientToken.Accepted,
        Audiences = client.Audiences.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Scopes = client.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Roles = client.Roles,
        Lifetime = ClientTokenWarnings.FormatDuration(client.LifetimeSeconds),
        Algorithm = client.Algorithm,
        SeenAt = client.SeenAt,
        Warnings = [.. ClientTokenWarnings.Find(client, options.Value.RequiredAudience, catalogue)],
    };
}
