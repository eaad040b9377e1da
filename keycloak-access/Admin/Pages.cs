using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KeycloakAccess.Admin;

/// <summary>Draws pages: a component, once, on the server.</summary>
internal static class Pages
{
    /// <summary>A page for whoever is signed in.</summary>
    /// <param name="context">The request.</param>
    /// <param name="caller">Who looks at it.</param>
    /// <param name="view">What it shows.</param>
    /// <param name="status">The HTTP status: 422 where a form comes back with mistakes, 409 where somebody else was first.</param>
    public static RazorComponentResult Of<TPage, TView>(HttpContext context, Caller caller, TView view, int status = StatusCodes.Status200OK)
        where TPage : StaffPage<TView>
        where TView : class
    {
        var page = Plain<TPage>(("Viewer", Viewer.Of(context, caller)), ("View", view));
        page.StatusCode = status;
        return page;
    }

    /// <summary>A page for anybody.</summary>
    public static RazorComponentResult Plain<TPage>(params ReadOnlySpan<(string Name, object? Value)> parameters)
        where TPage : IComponent
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in parameters)
        {
            values[name] = value;
        }

        return new RazorComponentResult(typeof(TPage), values);
    }
}
