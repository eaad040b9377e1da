using Api.Permissions;

namespace Api.Access;

/// <summary>Questions about who may do what, from people, programs and other services.</summary>
internal static class AccessEndpoints
{
    public const string Model = "access";

    public static void AddAccess(this IServiceCollection services) =>
        services.AddModel(Model, "access", "Access", Permission.View);
}
