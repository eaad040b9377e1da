using System.Globalization;
using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.Admin.DesignPages;

internal static class DesignPageEndpoints
{
    public static void MapDesignPages(this IEndpointRouteBuilder admin)
    {
        if (admin.ServiceProvider.GetRequiredService<IHostEnvironment>().IsDevelopment())
        {
            admin.MapGet("/design", Show);
        }
    }

    private static PageResult Show(PageContext page, PermissionCatalogue catalogue, TimeProvider clock)
    {
        var input = FormInput.Create(
            ("name", "What somebody typed"), ("wrong", "no such name"), ("one", "b"), ("one-in-sight", "a"), ("yes", "on"));
        input.Add("wrong", "There is no such name. Choose another.");
        var paging = Paging.Create(
            new QueryCollection(new Dictionary<string, StringValues>(StringComparer.Ordinal) { ["after"] = "a", ["_trail"] = "3~b" }),
            "c",
            _ => "/admin/design");
        return page.Render<DesignPage, DesignView>(new DesignView
        {
            Paging = paging with { Total = ListTotal.Create(1234, "row", "rows") },
            Now = clock.GetUtcNow(),
            GrantPaths =
            [
                [
                    new GrantPathStep("realm role", "editor"),
                    new GrantPathStep("mapping", "edit*"),
                    new GrantPathStep("group", "editors"),
                    new GrantPathStep("permission", "book:change"),
                ],
                [
                    new GrantPathStep("here", "direct member"),
                    new GrantPathStep("group", "locked-out"),
                    new GrantPathStep("permission", "book:*"),
                ],
            ],
            Labels = [.. Enumerable.Range(0, 24).Select(hour => hour.ToString("00':00'", CultureInfo.InvariantCulture))],
            Series =
            [
                new ChartSeries("allowed", "good", [.. Enumerable.Range(0, 24).Select(hour => 20L + (hour * 37 % 60))]),
                new ChartSeries("refused", "bad", [.. Enumerable.Range(0, 24).Select(hour => hour * 7L % 11)]),
            ],
            Items = [new RankItem("acme-reader", 1200), new RankItem("acme-writer", 700), new RankItem("acme-nobody", 12)],
            Input = input,
            Versions = [new VersionField("Name", "editors", "editors"), new VersionField("What for", "They edit books.", "")],
            Matrix = PermissionMatrixView.Create(catalogue, page.GrantGuard, input),
        });
    }
}

public sealed record DesignView
{
    public required Paging Paging { get; init; }
    public required DateTimeOffset Now { get; init; }
    public required IReadOnlyList<IReadOnlyList<GrantPathStep>> GrantPaths { get; init; }
    public required IReadOnlyList<string> Labels { get; init; }
    public required IReadOnlyList<ChartSeries> Series { get; init; }
    public required IReadOnlyList<RankItem> Items { get; init; }
    public required FormInput Input { get; init; }
    public required IReadOnlyList<VersionField> Versions { get; init; }
    public required PermissionMatrixView Matrix { get; init; }
}
