using System.Globalization;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.GroupPages;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin.DesignPages;

/// <summary>A page that shows every component, for those who change them.</summary>
internal static class DesignPageEndpoints
{
    public static void MapDesignPages(this IEndpointRouteBuilder admin)
    {
        if (admin.ServiceProvider.GetRequiredService<IHostEnvironment>().IsDevelopment())
        {
            admin.MapGet("/design", Show);
        }
    }

    private static RazorComponentResult Show(HttpContext context, Caller caller, GrantGuard grantGuard, PermissionCatalogue catalogue, TimeProvider clock)
    {
        var input = FormInput.Of(("name", "What somebody typed"), ("wrong", "no such name"), ("one", "b"), ("one-in-sight", "a"), ("yes", "on"));
        input.Add("wrong", "There is no such name. Choose another.");
        return Pages.Of<DesignPage, DesignView>(context, caller, new DesignView(
            clock.GetUtcNow(),
            [
                [new GrantPathStep("realm role", "editor"), new GrantPathStep("mapping", "edit*"), new GrantPathStep("group", "editors"), new GrantPathStep("permission", "book:change")],
                [new GrantPathStep("here", "direct member"), new GrantPathStep("group", "locked-out"), new GrantPathStep("permission", "book:*")],
            ],
            [.. Enumerable.Range(0, 24).Select(hour => hour.ToString("00':00'", CultureInfo.InvariantCulture))],
            [
                new ChartSeries("allowed", "good", [.. Enumerable.Range(0, 24).Select(hour => 20L + (hour * 37 % 60))]),
                new ChartSeries("refused", "bad", [.. Enumerable.Range(0, 24).Select(hour => hour * 7L % 11)]),
            ],
            [new RankItem("acme-reader", 1200), new RankItem("acme-writer", 700), new RankItem("acme-nobody", 12)],
            input,
            [new VersionField("Name", "editors", "editors"), new VersionField("What for", "They edit books.", "")],
            GroupForm.Matrix(catalogue, grantGuard, input)));
    }
}

/// <summary>Something for each component to show.</summary>
/// <param name="Now">An instant.</param>
/// <param name="GrantPaths">A grant path that grants, and one that denies.</param>
/// <param name="Labels">Of the bars.</param>
/// <param name="Series">The bars.</param>
/// <param name="Items">A ranking.</param>
/// <param name="Input">A form with a mistake.</param>
/// <param name="Versions">Two versions of one thing.</param>
/// <param name="Matrix">What a group may grant.</param>
public sealed record DesignView(
    DateTimeOffset Now,
    IReadOnlyList<IReadOnlyList<GrantPathStep>> GrantPaths,
    IReadOnlyList<string> Labels,
    IReadOnlyList<ChartSeries> Series,
    IReadOnlyList<RankItem> Items,
    FormInput Input,
    IReadOnlyList<VersionField> Versions,
    PermissionMatrixView Matrix);
